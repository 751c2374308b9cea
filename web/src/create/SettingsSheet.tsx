import { Button, Drawer, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconAdjustmentsHorizontal } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Advanced } from './Advanced';
import { CountStepper } from './CountStepper';
import classes from './create.module.css';
import { styleOf, USUAL_COUNT, within } from './draft';
import { LayoutBoxes } from './LayoutBoxes';
import { ModelPicker } from './ModelPicker';
import { PictureChooser } from './PictureChooser';
import { QualityPicker } from './QualityPicker';
import { SeedField } from './SeedField';
import { SizePicker } from './SizePicker';
import { StyleArt } from './StyleArt';
import { StylePicker } from './StylePicker';
import { freeRole, roles } from './showing';
import { presetOf } from './size';
import type { ComposerState } from './useComposer';

/** The settings of phones: one chip that says what is set, and a sheet with all of them. */
export function SettingsSheet({ composer }: { composer: ComposerState }) {
  const { t } = useTranslation();
  const [opened, { open, close }] = useDisclosure(false);
  const { draft, model, models, size, refused, bringing, change } = composer;
  if (!model) return <span className={classes.chip} />;
  const style = styleOf(draft, model);
  const title = model.styles.find((s) => s.id === style)?.title ?? style;
  const count = within(draft.count ?? USUAL_COUNT, model.count);
  const shape = presetOf(size, model)?.label; // any other would need more room than there is
  return (
    <>
      <UnstyledButton className={classes.chip} onClick={open} aria-haspopup="dialog" data-testid="settings">
        <span className={classes.chipArt}>
          <StyleArt style={style} title={title} size={26} />
        </span>
        <span className={classes.hidden}>{t('create.settings')}: </span>
        <span className={classes.chipLabel}>
          {shape && `${shape} · `}×{count}
        </span>
        <IconAdjustmentsHorizontal size={17} stroke={1.8} aria-hidden />
      </UnstyledButton>
      <Drawer
        opened={opened}
        onClose={close}
        position="bottom"
        size="86%"
        title={t('create.settings')}
        radius="lg"
        classNames={{ body: classes.sheetBody }}
      >
        {roles(model).length > 0 && (
          <>
            <h3>{t('pictures.title')}</h3>
            <PictureChooser
              model={model}
              bringing={bringing}
              full={freeRole(draft, model) === undefined}
              onDone={close}
            />
          </>
        )}
        <h3>{t('create.style')}</h3>
        <StylePicker
          label={t('create.style')}
          styles={model.styles}
          value={style}
          onChange={(s) => change({ style: s })}
        />
        <h3>{t('create.size')}</h3>
        <SizePicker
          fixed={size.fixed}
          model={model}
          size={size}
          onChange={change}
          widthError={refused?.field('width')}
          heightError={refused?.field('height')}
        />
        <h3>{t('create.count')}</h3>
        <CountStepper value={count} range={model.count} onChange={(n) => change({ count: n })} />
        {model.qualities.length > 1 && (
          <>
            <h3>{t('create.quality')}</h3>
            <QualityPicker draft={draft} model={model} fullWidth onChange={change} />
          </>
        )}
        {model.max_boxes > 0 && (
          <>
            <h3>{t('layout.title')}</h3>
            <LayoutBoxes
              boxes={draft.boxes}
              most={model.max_boxes}
              width={size.width || 1}
              height={size.height || 1}
              refused={refused}
              onChange={(boxes) => change({ boxes })}
            />
          </>
        )}
        <h3>{t('create.seed')}</h3>
        <SeedField seed={draft.seed} onChange={(seed) => change({ seed })} error={refused?.field('seed')} />
        <h3>{t('create.model')}</h3>
        <ModelPicker models={models} value={model.name} onChange={(name) => change({ model: name })} />
        <h3>{t('create.advanced')}</h3>
        <Advanced draft={draft} model={model} refused={refused} onChange={change} />
        <div className={classes.sheetFoot}>
          <Button fullWidth size="md" onClick={close}>
            {t('common.done')}
          </Button>
        </div>
      </Drawer>
    </>
  );
}
