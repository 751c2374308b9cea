import { Textarea } from '@mantine/core';
import { type KeyboardEvent, type Ref, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './create.module.css';
import { home, step } from './history';
import { getHistory } from './store';

interface Props {
  value: string;
  maxLength: number;
  error: string | undefined;
  /** In place of the usual one. */
  hint: string | undefined;
  onChange: (text: string) => void;
  onGenerate: () => void;
  inputRef: Ref<HTMLTextAreaElement>;
}

/** The words. Ctrl+Enter generates, Alt+↑ and Alt+↓ walk through what was asked before. */
export function PromptBox({ value, maxLength, error, hint, onChange, onGenerate, inputRef }: Props) {
  const { t } = useTranslation();
  const place = useRef(home);

  const keys = (e: KeyboardEvent<HTMLTextAreaElement>) => {
    if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) {
      e.preventDefault();
      onGenerate();
    }
    if (e.altKey && (e.key === 'ArrowUp' || e.key === 'ArrowDown')) {
      e.preventDefault();
      const moved = step(getHistory(), place.current, e.key === 'ArrowUp' ? 'older' : 'newer', value);
      if (!moved) return;
      place.current = moved.place;
      onChange(moved.text);
    }
  };

  const length = Array.from(value.trim()).length;
  const near = length > maxLength * 0.8;
  return (
    <div className={classes.prompt}>
      <Textarea
        ref={inputRef}
        aria-label={t('create.prompt')}
        placeholder={hint ?? t('create.prompt_hint')}
        autosize
        minRows={1}
        maxRows={7}
        variant="unstyled"
        value={value}
        error={error}
        onChange={(e) => {
          place.current = home;
          onChange(e.currentTarget.value);
        }}
        onKeyDown={keys}
        classNames={{ input: classes.promptInput }}
        data-testid="prompt"
      />
      {near && (
        <span className={classes.counter} data-over={length > maxLength || undefined}>
          {length} / {maxLength}
        </span>
      )}
    </div>
  );
}
