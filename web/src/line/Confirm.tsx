import { Button, Group, Modal } from '@mantine/core';
import { useTranslation } from 'react-i18next';

/** Asks once more before much is cancelled. */
export function Confirm({ count, onYes, onNo }: { count: number; onYes: () => void; onNo: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal opened onClose={onNo} title={t('line.cancel_title', { count })} centered>
      <p>{t('line.cancel_text')}</p>
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={onNo} data-autofocus>
          {t('line.cancel_no')}
        </Button>
        <Button color="red" onClick={onYes} data-testid="line-cancel-yes">
          {t('line.cancel_yes', { count })}
        </Button>
      </Group>
    </Modal>
  );
}
