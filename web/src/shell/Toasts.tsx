import { Notifications } from '@mantine/notifications';

/** Where toasts appear; loaded after the first paint, since nothing is to be said before. */
export function Toasts() {
  return <Notifications position="bottom-right" limit={4} containerWidth={400} />;
}
