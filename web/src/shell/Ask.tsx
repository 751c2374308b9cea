import { Button, Group, Modal } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

interface Props {
  opened: boolean;
  title: ReactNode;
  text: ReactNode;
  /** On the button that does it; red, for it cannot be taken back. */
  yes: string;
  busy?: boolean;
  testid?: string;
  onYes: () => void;
  onNo: () => void;
}

/** Asks once more; what is asked about stays unless the red button says otherwise. */
export function Ask({ opened, title, text, yes, busy, testid, onYes, onNo }: Props) {
  const { t } = useTranslation();
  return (
    <Modal opened={opened} onClose={onNo} title={title} radius="lg" centered>
      <p>{text}</p>
      <Group justify="flex-end" gap={8} mt={22}>
        <Button variant="default" onClick={onNo} data-autofocus>
          {t('common.keep')}
        </Button>
        <Button color="red.8" loading={busy} onClick={onYes} data-testid={testid}>
          {yes}
        </Button>
      </Group>
    </Modal>
  );
}
