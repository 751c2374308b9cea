// The words of the door come with it; who is signed in already needs none of them.
import i18next from 'i18next';
import words from '../locales/en.account.json';

i18next.addResourceBundle('en', 'translation', words, true);
