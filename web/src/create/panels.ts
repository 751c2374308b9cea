// The controls behind the chips come after the first paint: the bar is usable before them.
import { lazy } from 'react';

const load = {
  size: () => import('./SizePicker'),
  seed: () => import('./SeedField'),
  advanced: () => import('./Advanced'),
  sheet: () => import('./SettingsSheet'),
};

export const SizePicker = lazy(() => load.size().then((m) => ({ default: m.SizePicker })));
export const SeedField = lazy(() => load.seed().then((m) => ({ default: m.SeedField })));
export const Advanced = lazy(() => load.advanced().then((m) => ({ default: m.Advanced })));
export const SettingsSheet = lazy(() => load.sheet().then((m) => ({ default: m.SettingsSheet })));

/** Fetches them while nobody waits. */
export function preloadPanels(): void {
  const idle = window.requestIdleCallback ?? ((run: () => void) => setTimeout(run, 300));
  idle(() => {
    for (const fetch of [load.size, load.seed, load.advanced]) void fetch().catch(() => {});
  });
}
