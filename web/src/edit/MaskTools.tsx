import { ActionIcon, SegmentedControl, Slider, Tooltip } from '@mantine/core';
import {
  IconArrowBackUp,
  IconBrush,
  IconContrast2,
  IconEraser,
  IconRectangle,
  IconTrash,
} from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './edit.module.css';
import type { Tool } from './marks';

interface Props {
  tool: Tool;
  onTool: (tool: Tool) => void;
  /** 0 to 100, see brushSize. */
  brush: number;
  onBrush: (brush: number) => void;
  canUndo: boolean;
  onUndo: () => void;
  onInvert: () => void;
  onClear: () => void;
}

const tools: [Tool, typeof IconBrush][] = [
  ['brush', IconBrush],
  ['eraser', IconEraser],
  ['rectangle', IconRectangle],
];

/** What marks are made with. */
export function MaskTools(props: Props) {
  const { t } = useTranslation();
  return (
    <div className={classes.tools}>
      <SegmentedControl
        aria-label={t('edit.tool')}
        value={props.tool}
        onChange={(v) => props.onTool(v as Tool)}
        data={tools.map(([tool, Icon]) => ({
          value: tool,
          label: (
            <span className={classes.tool}>
              <Icon size={18} stroke={1.8} aria-hidden />
              {t(`edit.tool_${tool}`)}
            </span>
          ),
        }))}
      />
      <div className={classes.brush} data-off={props.tool === 'rectangle' || undefined}>
        <span id="brush-size">{t('edit.size')}</span>
        <Slider
          min={0}
          max={100}
          value={props.brush}
          label={null}
          disabled={props.tool === 'rectangle'}
          onChange={props.onBrush}
          thumbProps={{ 'aria-labelledby': 'brush-size' }}
        />
      </div>
      <div className={classes.acts}>
        <Act label={t('edit.undo')} disabled={!props.canUndo} onClick={props.onUndo}>
          <IconArrowBackUp size={19} stroke={1.8} aria-hidden />
        </Act>
        <Act label={t('edit.invert')} onClick={props.onInvert}>
          <IconContrast2 size={19} stroke={1.8} aria-hidden />
        </Act>
        <Act label={t('edit.clear')} onClick={props.onClear}>
          <IconTrash size={19} stroke={1.8} aria-hidden />
        </Act>
      </div>
    </div>
  );
}

function Act(props: { label: string; disabled?: boolean; onClick: () => void; children: ReactNode }) {
  return (
    <Tooltip label={props.label}>
      <ActionIcon
        variant="default"
        size={38}
        radius="md"
        aria-label={props.label}
        disabled={props.disabled}
        onClick={props.onClick}
      >
        {props.children}
      </ActionIcon>
    </Tooltip>
  );
}
