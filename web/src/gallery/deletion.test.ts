import { QueryClient } from '@tanstack/react-query';
import { renderHook } from '@testing-library/react';
import { act } from 'react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { api } from '../api/client';
import { ApiError } from '../api/errors';
import { deleteLater, deleteNow, UNDO_MS, undoDelete, useHidden } from './deletion';

const client = new QueryClient();
const remove = vi.spyOn(api, 'remove');
const hidden = () => renderHook(() => useHidden()).result.current;

beforeEach(() => {
  vi.useFakeTimers();
  remove.mockReset().mockResolvedValue(undefined);
});
afterEach(() => vi.useRealTimers());

it('hides at once and asks the server after the time to think again', async () => {
  deleteLater(client, 'a', () => {});
  expect(hidden().has('a')).toBe(true);
  expect(remove).not.toHaveBeenCalled();
  await act(() => vi.advanceTimersByTimeAsync(UNDO_MS));
  expect(remove).toHaveBeenCalledWith('a');
  expect(hidden().has('a')).toBe(true); // a late list must not bring it back
});

it('shows again and asks nothing when it is undone', async () => {
  deleteLater(client, 'b', () => {});
  undoDelete('b');
  expect(hidden().has('b')).toBe(false);
  await act(() => vi.advanceTimersByTimeAsync(UNDO_MS));
  expect(remove).not.toHaveBeenCalled();
});

it('shows again and says why when the server refuses', async () => {
  const why = vi.fn();
  remove.mockRejectedValue(new ApiError(409, { detail: 'no' }));
  deleteLater(client, 'c', why);
  await act(() => vi.advanceTimersByTimeAsync(UNDO_MS));
  expect(why).toHaveBeenCalledOnce();
  expect(hidden().has('c')).toBe(false);
});

it('takes what is gone already for deleted', async () => {
  remove.mockRejectedValue(new ApiError(404, {}));
  await expect(deleteNow(client, 'd')).resolves.toBeUndefined();
  expect(hidden().has('d')).toBe(true);
});

it('sends what waits when the page goes', () => {
  deleteLater(client, 'e', () => {});
  window.dispatchEvent(new Event('pagehide'));
  expect(remove).toHaveBeenCalledWith('e', true);
});
