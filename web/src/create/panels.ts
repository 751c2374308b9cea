// The controls behind the chips come after the first paint: the bar is usable before them.
import { lazy } from 'react';

const load = {
  size: () => import('./SizePicker'),
  seed: () => import('./SeedField'),
  advanced: () => import('./Advanced'),
  pictures: () => import('./PictureChooser'),
  layout: () => import('./LayoutBoxes'),
  tray: () => import('./Tray'),
  sheet: () => import('./SettingsSheet'),
};

export const SizePicker = lazy(() => load.size().then((m) => ({ default: m.SizePicker })));
export const SeedField = lazy(() => load.seed().then((m) => ({ default: m.SeedField })));
export const Advanced = lazy(() => load.advanced().then((m) => ({ default: m.Advanced })));
export const PictureChooser = lazy(() => load.pictures().then((m) => ({ default: m.PictureChooser })));
export const LayoutBoxes = lazy(() => load.layout().then((m) => ({ default: m.LayoutBoxes })));
export const Tray = lazy(() => load.tray().then((m) => ({ default: m.Tray })));
export const SettingsSheet = lazy(() => load.sheet().then((m) => ({ default: m.SettingsSheet })));

/** Fetches them while nobody waits. */
export function preloadPanels(): void {
  const idle = window.requestIdleCallback ?? ((run: () => void) => setTimeout(run, 300));
  idle(() => {
    for (const fetch of Object.values(load)) void fetch().catch(() => {});
  });
}

/** Only who has too few tokens needs to hear of it. */
export const Shortfall = lazy(() => import('./Shortfall').then((m) => ({ default: m.Shortfall })));

/** Only who is in a team has a choice of who pays. */
export const WalletSwitch = lazy(() =>
  import('../team/WalletSwitch').then((m) => ({ default: m.WalletSwitch })),
);
