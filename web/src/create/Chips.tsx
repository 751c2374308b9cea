import { Skeleton, Tooltip } from '@mantine/core';
import {
  IconAdjustmentsHorizontal,
  IconCube,
  IconDice5,
  IconLayout,
  IconLock,
  IconPhotoPlus,
} from '@tabler/icons-react';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { CountStepper } from './CountStepper';
import classes from './create.module.css';
import { countTouched, styleOf, USUAL_COUNT, within } from './draft';
import { ModelPicker } from './ModelPicker';
import { Advanced, LayoutBoxes, PictureChooser, preloadPanels, SeedField, SizePicker } from './panels';
import { QualityPicker } from './QualityPicker';
import { SettingChip } from './SettingChip';
import { StyleArt } from './StyleArt';
import { StylePicker } from './StylePicker';
import { freeRole, roles } from './showing';
import { shapeName, sizeIsGood } from './size';
import type { ComposerState } from './useComposer';

/** The settings of wide screens: one chip each. */
export function Chips({ composer }: { composer: ComposerState }) {
  const { t } = useTranslation();
  useEffect(preloadPanels, []);
  const { draft, model, models, size, refused, bringing, change } = composer;
  if (!model)
    return (
      <div className={classes.chips}>
        {[172, 112, 144, 132, 108].map((w) => (
          <Skeleton key={w} width={w} height={36} radius={99} />
        ))}
      </div>
    );
  const style = styleOf(draft, model);
  const title = model.styles.find((s) => s.id === style)?.title ?? style;
  const touched = countTouched(draft);
  const shape = shapeName(size, model);
  return (
    <div className={classes.chips}>
      <SettingChip
        name={t('create.model')}
        width={380}
        icon={<IconCube size={17} stroke={1.8} aria-hidden />}
        label={
          <>
            {model.title}
            {model.preview && (
              <Tooltip label={t('create.preview_explained')} multiline maw={280}>
                <span className={classes.badge}>{t('create.preview_badge')}</span>
              </Tooltip>
            )}
          </>
        }
      >
        {(close) => (
          <ModelPicker
            models={models}
            value={model.name}
            onChange={(name) => {
              change({ model: name });
              close();
            }}
          />
        )}
      </SettingChip>
      <SettingChip
        name={t('create.style')}
        width={730}
        icon={
          <span className={classes.chipArt}>
            <StyleArt style={style} title={title} size={26} />
          </span>
        }
        label={title}
      >
        <StylePicker
          label={t('create.style')}
          styles={model.styles}
          value={style}
          onChange={(s) => change({ style: s })}
        />
      </SettingChip>
      <SettingChip
        name={t('create.size')}
        width={404}
        fault={
          (!size.fixed && !sizeIsGood(size, model)) || !!refused?.field('width') || !!refused?.field('height')
        }
        icon={
          <span className={classes.shapeMini} aria-hidden>
            <span style={miniature(size.width, size.height)} />
          </span>
        }
        label={
          <span className="number">
            {shape && <b>{shape}</b>} {Number.isNaN(size.width) ? '?' : size.width}×
            {Number.isNaN(size.height) ? '?' : size.height}
          </span>
        }
      >
        <SizePicker
          fixed={size.fixed}
          model={model}
          size={size}
          onChange={change}
          widthError={refused?.field('width')}
          heightError={refused?.field('height')}
        />
      </SettingChip>
      <CountStepper
        value={within(draft.count ?? USUAL_COUNT, model.count)}
        range={model.count}
        onChange={(count) => change({ count })}
      />
      <QualityPicker draft={draft} model={model} onChange={change} />
      {roles(model).length > 0 && (
        <SettingChip
          name={t('pictures.title')}
          width={360}
          icon={<IconPhotoPlus size={17} stroke={1.8} aria-hidden />}
          label={t('pictures.title')}
          touched={!!draft.start || draft.looks.length > 0}
        >
          {(close) => (
            <PictureChooser
              model={model}
              bringing={bringing}
              full={freeRole(draft, model) === undefined}
              onDone={close}
            />
          )}
        </SettingChip>
      )}
      {model.max_boxes > 0 && (
        <SettingChip
          name={t('layout.title')}
          width={400}
          icon={<IconLayout size={17} stroke={1.8} aria-hidden />}
          label={
            draft.boxes.length > 0 ? t('layout.touched', { count: draft.boxes.length }) : t('layout.title')
          }
          touched={draft.boxes.length > 0}
          fault={!!refused?.fields.some((f) => f.field.startsWith('boxes'))}
        >
          <LayoutBoxes
            boxes={draft.boxes}
            most={model.max_boxes}
            width={size.width || 1}
            height={size.height || 1}
            refused={refused}
            onChange={(boxes) => change({ boxes })}
          />
        </SettingChip>
      )}
      <SettingChip
        name={t('create.seed')}
        width={300}
        fault={Number.isNaN(draft.seed)}
        touched={draft.seed !== null}
        icon={
          draft.seed === null ? (
            <IconDice5 size={17} stroke={1.8} aria-hidden />
          ) : (
            <IconLock size={16} stroke={1.8} aria-hidden />
          )
        }
        label={
          <span className="number">
            {draft.seed === null ? t('create.seed_random') : Number.isNaN(draft.seed) ? '?' : draft.seed}
          </span>
        }
      >
        <SeedField seed={draft.seed} onChange={(seed) => change({ seed })} error={refused?.field('seed')} />
      </SettingChip>
      <SettingChip
        name={t('create.advanced')}
        width={380}
        touched={touched > 0}
        icon={<IconAdjustmentsHorizontal size={17} stroke={1.8} aria-hidden />}
        label={touched > 0 ? t('create.advanced_touched', { count: touched }) : t('create.advanced')}
      >
        <Advanced draft={draft} model={model} refused={refused} onChange={change} />
      </SettingChip>
    </div>
  );
}

export function miniature(width: number, height: number) {
  const longest = Math.max(width, height) || 1;
  return { width: `${(14 * width) / longest || 14}px`, height: `${(14 * height) / longest || 14}px` };
}
