import { useTranslation } from 'react-i18next';

/** Says in a line that something could not be loaded, with the way to try again. */
export function Failed({ text, onRetry }: { text: string; onRetry: () => void }) {
  const { t } = useTranslation();
  return (
    <p role="alert" className="aside">
      {text}{' '}
      <button type="button" className="unset link" onClick={onRetry}>
        {t('common.retry')}
      </button>
    </p>
  );
}
