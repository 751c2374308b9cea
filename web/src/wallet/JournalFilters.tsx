import { Button, NativeSelect, SegmentedControl, TextInput } from '@mantine/core';
import { IconFilter } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { journalOps, type LayerKind, type Unit } from '../api/moneyTypes';
import { useModels } from '../api/queries';
import { type Fields, inUse, noFields } from './filter';
import classes from './wallet.module.css';

interface Props {
  fields: Fields;
  /** A team has no API credits to choose. */
  ofTeam?: boolean;
  onChange: (fields: Fields) => void;
}

const layers: LayerKind[] = ['promo', 'daily', 'team', 'plan', 'bank', 'topup', 'debt'];

/** Which lines are wanted. The fields fold away, with the number of those in use. */
export function JournalFilters({ fields, ofTeam, onChange }: Props) {
  const { t } = useTranslation();
  const models = useModels().data ?? [];
  const [open, setOpen] = useState(false);
  const used = inUse(fields);
  const set = (change: Partial<Fields>) => onChange({ ...fields, ...change });
  const any = { value: '', label: t('wallet.filter_any') };
  return (
    <div className={classes.filters}>
      <div className={classes.filterRow}>
        {!ofTeam && (
          <SegmentedControl
            size="xs"
            aria-label={t('wallet.filter_of')}
            value={fields.of}
            onChange={(of) => set({ of: of as Unit })}
            data={[
              { value: 'tokens', label: t('wallet.of_tokens') },
              { value: 'credits', label: t('wallet.of_credits') },
            ]}
          />
        )}
        <Button
          size="xs"
          variant="default"
          leftSection={<IconFilter size={16} stroke={1.8} aria-hidden />}
          aria-expanded={open}
          aria-controls="journal-filters"
          onClick={() => setOpen(!open)}
          data-testid="filters"
        >
          {used > 0 ? t('wallet.filter_used', { count: used }) : t('wallet.filter')}
        </Button>
        {used > 0 && (
          <button
            type="button"
            className="unset link"
            onClick={() => onChange({ ...noFields, of: fields.of })}
          >
            {t('wallet.filter_clear')}
          </button>
        )}
      </div>
      {open && (
        <div id="journal-filters" className={classes.filterFields}>
          <NativeSelect
            label={t('wallet.what')}
            value={fields.op}
            onChange={(e) => set({ op: e.currentTarget.value })}
            data={[any, ...journalOps.map((op) => ({ value: op, label: t(`wallet.op_${op}`) }))]}
          />
          <NativeSelect
            label={t('wallet.layer')}
            value={fields.layer}
            onChange={(e) => set({ layer: e.currentTarget.value })}
            data={[any, ...layers.map((l) => ({ value: l, label: t(`wallet.short_${l}`) }))]}
          />
          <NativeSelect
            label={t('wallet.filter_model')}
            value={fields.model}
            onChange={(e) => set({ model: e.currentTarget.value })}
            data={[any, ...models.map((m) => ({ value: m.name, label: m.title }))]}
          />
          <TextInput
            label={t('wallet.filter_from')}
            type="date"
            value={fields.from}
            max={fields.to || undefined}
            onChange={(e) => set({ from: e.currentTarget.value })}
          />
          <TextInput
            label={t('wallet.filter_to')}
            type="date"
            value={fields.to}
            min={fields.from || undefined}
            onChange={(e) => set({ to: e.currentTarget.value })}
          />
          <TextInput
            label={t('wallet.filter_generation')}
            placeholder={t('wallet.filter_generation_hint')}
            value={fields.generation}
            maxLength={100}
            spellCheck={false}
            onChange={(e) => set({ generation: e.currentTarget.value })}
          />
        </div>
      )}
    </div>
  );
}
