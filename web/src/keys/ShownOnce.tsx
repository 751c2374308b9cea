import { Button, Modal } from '@mantine/core';
import { useClipboard } from '@mantine/hooks';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import classes from './keys.module.css';

interface Props {
  /** Null = closed. */
  secret: string | null;
  title: string;
  text: string;
  /** On the button that closes it. */
  done: string;
  testid: string;
  onClose: () => void;
}

/** The one time a secret is seen whole. Only the button closes it, so that no stray click loses it. */
export function ShownOnce({ secret, title, text, done, testid, onClose }: Props) {
  const { t } = useTranslation();
  const clipboard = useClipboard({ timeout: 2000 });
  return (
    <Modal
      opened={secret !== null}
      onClose={onClose}
      title={title}
      radius="lg"
      size="lg"
      centered
      closeOnClickOutside={false}
      closeOnEscape={false}
      withCloseButton={false}
    >
      <p>{text}</p>
      <code className={classes.secret} data-testid={testid}>
        {secret}
      </code>
      <div className={classes.confirm}>
        <Button
          variant="default"
          leftSection={
            clipboard.copied ? <IconCheck size={17} aria-hidden /> : <IconCopy size={17} aria-hidden />
          }
          onClick={() => clipboard.copy(secret ?? '')}
        >
          {t(clipboard.copied ? 'common.copied' : 'common.copy')}
        </Button>
        <Button onClick={onClose}>{done}</Button>
      </div>
    </Modal>
  );
}
