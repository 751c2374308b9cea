// Where somebody was in the gallery, so that coming back from a picture is coming back to that place.
import { useLayoutEffect } from 'react';

let place = 0;

/** The next visit begins at the top, where the newest is. */
export function forgetPlace(): void {
  place = 0;
}

const keptPlace = () => place;

/** Goes to the kept place on mounting and keeps it up to date. The list must have its full height by then. */
export function useKeptPlace(): () => number {
  useLayoutEffect(() => {
    window.scrollTo(0, place);
    const note = () => {
      place = window.scrollY;
    };
    window.addEventListener('scroll', note, { passive: true });
    return () => window.removeEventListener('scroll', note);
  }, []);
  return keptPlace;
}
