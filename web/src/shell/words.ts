// The words of the sheet of shortcuts come with it.
import i18next from 'i18next';
import words from '../locales/en.shortcuts.json';

i18next.addResourceBundle('en', 'translation', words, true);
