// The words of the wallet, of plans and of keys come with the pages that use them; the first page needs few of them.
import i18next from 'i18next';
import words from '../locales/en.money.json';

i18next.addResourceBundle('en', 'translation', words, true);
