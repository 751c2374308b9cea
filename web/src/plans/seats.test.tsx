import { MantineProvider } from '@mantine/core';
import { fireEvent, render, screen } from '@testing-library/react';
import { expect, it, vi } from 'vitest';
import type { PlanOffer, Subscription } from '../api/moneyTypes';
import '../wallet/words';
import { PlanCard } from './PlansPage';
import { Standing } from './Standing';

const team: Subscription = {
  of: 'tokens',
  plan: 'team-starter',
  title: 'Team Starter',
  state: 'settled',
  cycle: 'month',
  since: '2026-11-01T00:00:00Z',
  paid_until: '2026-12-01T12:00:00Z',
  grace_until: null,
  next: null,
  renewal_micros: 120_000_000,
  seats: 5,
  version: 1,
  trial_open: false,
  owed_mt: 0,
};

const starter: PlanOffer = {
  of: 'tokens',
  name: 'team-starter',
  title: 'Team Starter',
  daily_mt: 0,
  monthly_mt: 25_000_000,
  bank_cap_mt: 75_000_000,
  concurrency: 3,
  queue: 10,
  relaxed: true,
  uploads: 0,
  requests_per_minute: 0,
  month_micros: 24_000_000,
  year_micros: 0,
  min_seats: 3,
  current: true,
};

it.each([
  [team, 'The team is on Team Starter with 5 seats, paid until Dec 1, 2026. The next payment is $120.'],
  [{ ...team, plan: 'team', title: 'Team', seats: 3, paid_until: null }, 'The team is on Team with 3 seats.'],
  [
    {
      ...team,
      state: 'changing',
      next: {
        plan: 'team-starter',
        title: 'Team Starter',
        cycle: 'month',
        seats: 3,
        at: '2026-12-01T12:00:00Z',
      },
    },
    'The team is on Team Starter with 5 seats. Team Starter with 3 seats follows on Dec 1, 2026.',
  ],
] as [Subscription, string][])('says how a team stands', (subscription, text) => {
  render(
    <MantineProvider>
      <Standing subscription={subscription} onWish={() => undefined} />
    </MantineProvider>,
  );
  expect(screen.getByTestId('standing').textContent).toBe(text);
});

it('shows a plan for the seats that are wanted, and asks for them', () => {
  const wished = vi.fn();
  const card = (seats: number) => (
    <MantineProvider>
      <PlanCard
        plan={starter}
        cycle="month"
        mine={team}
        checkout
        trialDays={0}
        seats={seats}
        onWish={wished}
      />
    </MantineProvider>
  );
  const { rerender } = render(card(5));
  expect(screen.queryByRole('button')).toBeNull(); // what one has is nothing to choose
  rerender(card(8));
  expect(screen.getByText('$192')).toBeTruthy();
  expect(screen.getByText('$24 for each seat')).toBeTruthy();
  expect(screen.getByText('200,000 tokens every month')).toBeTruthy();
  fireEvent.click(screen.getByRole('button', { name: 'Change to 8 seats' }));
  expect(wished).toHaveBeenCalledWith({
    of: 'tokens',
    action: 'change',
    plan: 'team-starter',
    cycle: 'month',
    seats: 8,
  });
  rerender(card(2));
  expect(screen.getByRole('button')).toHaveProperty('disabled', true);
});
