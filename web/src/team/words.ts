// The words of teams come with the pages that use them; the first page needs none of them.
import i18next from 'i18next';
import '../wallet/words';
import words from '../locales/en.team.json';

i18next.addResourceBundle('en', 'translation', words, true);
