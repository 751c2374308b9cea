import './words';
import { Modal } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import classes from './shell.module.css';

const groups = [
  {
    title: 'shortcuts.create',
    rows: [
      ['Ctrl ↵', 'shortcuts.generate'],
      ['Alt ↑ · Alt ↓', 'shortcuts.history'],
      ['Alt A', 'shortcuts.focus_prompt'],
      ['Shift X', 'shortcuts.cancel'],
    ],
  },
  {
    title: 'shortcuts.gallery',
    rows: [
      ['← ↑ ↓ →', 'shortcuts.move'],
      ['↵', 'shortcuts.open'],
      ['Del', 'shortcuts.delete'],
    ],
  },
  {
    title: 'shortcuts.picture',
    rows: [
      ['← · →', 'shortcuts.neighbour'],
      ['Z', 'shortcuts.zoom'],
      ['P · S · A', 'shortcuts.reuse'],
      ['Esc', 'shortcuts.back'],
    ],
  },
  {
    title: 'shortcuts.edit',
    rows: [
      ['B · E · R', 'shortcuts.edit_tools'],
      ['[ · ]', 'shortcuts.edit_size'],
      ['Ctrl Z · I', 'shortcuts.edit_undo'],
      ['← ↑ ↓ → · ␣', 'shortcuts.edit_keys'],
    ],
  },
  {
    title: 'shortcuts.everywhere',
    rows: [
      ['G · W', 'shortcuts.go'],
      ['?', 'shortcuts.sheet'],
    ],
  },
] as const;

export function ShortcutSheet({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal opened={opened} onClose={onClose} title={t('shell.shortcuts')} radius="lg" size="lg">
      <div className={classes.sheet}>
        {groups.map((g) => (
          <section key={g.title}>
            <h2>{t(g.title)}</h2>
            <dl>
              {g.rows.map(([keys, key]) => (
                <div key={key}>
                  <dt>
                    <kbd>{keys}</kbd>
                  </dt>
                  <dd>{t(key)}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Modal>
  );
}
