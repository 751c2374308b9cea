import { Button, Modal } from '@mantine/core';
import { useClipboard } from '@mantine/hooks';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { NewApiKey } from '../api/types';
import classes from './keys.module.css';

/** The one time a key is seen whole. Only the button closes it, so that no stray click loses it. */
export function NewKey({ fresh, onClose }: { fresh: NewApiKey | null; onClose: () => void }) {
  const { t } = useTranslation();
  const clipboard = useClipboard({ timeout: 2000 });
  return (
    <Modal
      opened={fresh !== null}
      onClose={onClose}
      title={t('keys.fresh_title')}
      radius="lg"
      size="lg"
      centered
      closeOnClickOutside={false}
      closeOnEscape={false}
      withCloseButton={false}
    >
      <p>{t('keys.fresh_text')}</p>
      <code className={classes.secret} data-testid="new-key">
        {fresh?.key}
      </code>
      <div className={classes.confirm}>
        <Button
          variant="default"
          leftSection={
            clipboard.copied ? <IconCheck size={17} aria-hidden /> : <IconCopy size={17} aria-hidden />
          }
          onClick={() => clipboard.copy(fresh?.key ?? '')}
        >
          {t(clipboard.copied ? 'common.copied' : 'common.copy')}
        </Button>
        <Button onClick={onClose}>{t('keys.fresh_done')}</Button>
      </div>
    </Modal>
  );
}
