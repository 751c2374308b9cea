import { useQuery } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { send } from '../api/client';
import { bytes } from '../format/amount';
import { days } from '../format/time';

/** What one keeps, and may. */
export interface Storage {
  pictures: number;
  bytes: number;
  /** null = no bound */
  allowed_bytes: number | null;
  /** How long what one makes is kept; null = until one deletes it. */
  keep_days: number | null;
}

/** Lines for the plan: how much is kept of how much, and for how long where it is not for good. */
export function storageFacts(storage: Storage | undefined, t: TFunction): [string, string][] {
  if (!storage) return [];
  const kept =
    storage.allowed_bytes === null
      ? bytes(storage.bytes)
      : t('wallet.kept_of', { used: bytes(storage.bytes), allowed: bytes(storage.allowed_bytes) });
  const facts: [string, string][] = [[t('wallet.kept'), kept]];
  if (storage.keep_days !== null) facts.push([t('wallet.kept_for'), days(storage.keep_days)]);
  return facts;
}

/** The same, of whoever is signed in; nothing until it is known. */
export function useStorageFacts(): [string, string][] {
  const { t } = useTranslation();
  const { data } = useQuery({
    queryKey: ['storage'],
    queryFn: () => send<Storage>('/storage'),
    staleTime: 60_000,
  });
  return storageFacts(data, t);
}
