import { MantineProvider } from '@mantine/core';
import { render, screen } from '@testing-library/react';
import { expect, it } from 'vitest';
import type { Team } from '../api/teamTypes';
import '../wallet/words';
import { PaysWith } from './PaysWith';

const team = (id: string, may: Team['may']) => ({ id, name: `Team ${id}`, may }) as Team;
const teams = [team('a', ['spend', 'spend_by_key']), team('b', ['spend'])];

function options(value: string) {
  render(
    <MantineProvider env="test">
      <PaysWith value={value} teams={teams} error={undefined} onChange={() => {}} />
    </MantineProvider>,
  );
  const select = screen.getByRole<HTMLSelectElement>('combobox');
  return {
    chosen: select.value,
    offered: [...select.options].filter((o) => !o.disabled).map((o) => o.value),
  };
}

it('offers the teams that a key may be bound to', () =>
  expect(options('tokens')).toEqual({ chosen: 'tokens', offered: ['tokens', 'credits', 'team:a'] }));

it('leaves a key where it is bound, also to a team that cannot be chosen any more', () =>
  expect(options('team:gone')).toEqual({ chosen: 'team:gone', offered: ['tokens', 'credits', 'team:a'] }));
