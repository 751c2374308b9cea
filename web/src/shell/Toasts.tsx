import { Notifications } from '@mantine/notifications';
import { usePhone } from './usePhone';

/** Where toasts appear; loaded after the first paint, since nothing is to be said before. */
export function Toasts() {
  const phone = usePhone(); // whose foot is full already
  return <Notifications position={phone ? 'top-center' : 'bottom-right'} limit={4} containerWidth={400} />;
}
