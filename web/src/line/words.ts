// The words of what can be done with the line come with its buttons; a tile that waits needs none of them.
import i18next from 'i18next';
import words from '../locales/en.line.json';

i18next.addResourceBundle('en', 'translation', words, true);
