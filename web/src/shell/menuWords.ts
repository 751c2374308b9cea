// The words of the account menu and of notices come with them, after the first paint.
import i18next from 'i18next';
import words from '../locales/en.menu.json';

i18next.addResourceBundle('en', 'translation', words, true);
