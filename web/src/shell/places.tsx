import { IconBrush, IconKey, IconUsers, IconWallet } from '@tabler/icons-react';

/** Where the navigation goes, in order; the rail and the bottom bar draw the same list. */
export const places = [
  { to: '/', key: 'shell.create', Icon: IconBrush },
  { to: '/wallet', key: 'shell.wallet', Icon: IconWallet, also: ['/plans', '/packs', '/payments'] },
  { to: '/teams', key: 'shell.teams', Icon: IconUsers },
  { to: '/keys', key: 'shell.keys', Icon: IconKey },
] as const;

/** Whether a place stands for the page one is on, though its address is another. */
export const standsFor = (place: (typeof places)[number], pathname: string) =>
  'also' in place && (place.also as readonly string[]).includes(pathname);
