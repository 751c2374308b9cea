// The draft and the prompt history live in this browser, for one account each, and outlast a reload.
import { useSyncExternalStore } from 'react';
import { type Draft, emptyDraft } from './draft';
import { pushPrompt } from './history';

interface Desk {
  draft: Draft;
  history: string[];
  /** Id of the team that pays; empty = oneself. */
  payer: string;
}

let owner = '';
let desk: Desk = { draft: emptyDraft, history: [], payer: '' };
const listeners = new Set<() => void>();

const slot = () => `bottega.desk.${owner}`;

function read(): Desk {
  try {
    const saved = JSON.parse(localStorage.getItem(slot()) ?? '{}') as Partial<Desk>;
    const history = Array.isArray(saved.history) ? saved.history.filter((p) => typeof p === 'string') : [];
    const payer = typeof saved.payer === 'string' ? saved.payer : '';
    return { draft: { ...emptyDraft, ...saved.draft }, history, payer };
  } catch {
    return { draft: emptyDraft, history: [], payer: '' };
  }
}

function change(next: Desk) {
  desk = next;
  try {
    localStorage.setItem(slot(), JSON.stringify(desk));
  } catch {
    // A full or forbidden store costs the memory between visits, nothing else.
  }
  for (const tell of listeners) tell();
}

/** Sits down at somebody's desk; called when the session is known, before anything draws. */
export function openDesk(account: string): void {
  if (owner === account) return;
  owner = account;
  desk = read();
  for (const tell of listeners) tell();
}

export const getDraft = () => desk.draft;
export const getHistory = () => desk.history;

export function setDraft(next: Draft | ((d: Draft) => Draft)): void {
  change({ ...desk, draft: typeof next === 'function' ? next(desk.draft) : next });
}

/** Remembers who pays: the id of a team, or nothing for oneself. */
export function setPayer(payer: string): void {
  change({ ...desk, payer });
}

export function rememberPrompt(prompt: string): void {
  change({ ...desk, history: pushPrompt(desk.history, prompt) });
}

function subscribe(tell: () => void) {
  listeners.add(tell);
  return () => void listeners.delete(tell);
}

export function useDraft(): [Draft, typeof setDraft] {
  return [useSyncExternalStore(subscribe, getDraft), setDraft];
}

export const getPayer = () => desk.payer;
export const usePayerId = (): string => useSyncExternalStore(subscribe, getPayer);
