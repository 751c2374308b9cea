// The words of the panels behind the chips, and of what stands below the bar at times, come with them; the bar itself
// needs few of them.
import i18next from 'i18next';
import words from '../locales/en.panels.json';

i18next.addResourceBundle('en', 'translation', words, true);
