import { expect, it } from 'vitest';
import type { TeamAction, TeamRole } from '../api/teamTypes';
import { givable, mayManage } from './rights';

const as = (role: TeamRole, may: TeamAction[] = ['manage_members']) => ({ role, may });

it('offers only what the server would do', () => {
  const manages = (by: TeamRole, whom: TeamRole) => mayManage(as(by), { role: whom });
  expect(manages('owner', 'admin')).toBe(true);
  expect(manages('owner', 'owner')).toBe(false);
  expect(manages('admin', 'admin')).toBe(false);
  expect(manages('admin', 'owner')).toBe(false);
  expect(manages('admin', 'member')).toBe(true);
  expect(mayManage(as('member', []), { role: 'billing' })).toBe(false);
  expect(givable(as('owner'))).toContain('admin');
  expect(givable(as('admin'))).not.toContain('admin');
});
