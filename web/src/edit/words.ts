// The words of this page come with it; the first page needs none of them.
import i18next from 'i18next';
import words from '../locales/en.edit.json';

i18next.addResourceBundle('en', 'translation', words, true);
