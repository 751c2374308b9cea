import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';

/** Does something as the operator: what is known becomes old, and a refusal is said. */
export function useAct<T>(act: (what: T) => Promise<unknown>, done?: () => void, quiet = false) {
  const { t } = useTranslation();
  const client = useQueryClient();
  return useMutation<unknown, Error, T>({
    mutationFn: act,
    onSuccess: () => done?.(),
    onError: (error) => {
      if (!quiet)
        notifications.show({
          color: 'red',
          title: t('common.failed'),
          message: error.message,
        });
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['admin'] }),
  });
}
