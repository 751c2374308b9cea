// The words of the admin pages come with them; nobody else needs them.
import i18next from 'i18next';
import words from '../locales/en.admin.json';

i18next.addResourceBundle('en', 'translation', words, true);
