import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import type account from './locales/en.account.json';
import type admin from './locales/en.admin.json';
import type edit from './locales/en.edit.json';
import en from './locales/en.json';
import type line from './locales/en.line.json';
import type menu from './locales/en.menu.json';
import type money from './locales/en.money.json';
import type panels from './locales/en.panels.json';
import type picture from './locales/en.picture.json';
import type shortcuts from './locales/en.shortcuts.json';
import type team from './locales/en.team.json';

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation';
    // What belongs to pages that come later is loaded with them.
    resources: {
      translation: typeof en &
        typeof account &
        typeof admin &
        typeof shortcuts &
        typeof edit &
        typeof line &
        typeof menu &
        typeof money &
        typeof panels &
        typeof picture &
        typeof team;
    };
  }
}

void i18next.use(initReactI18next).init({
  lng: 'en',
  fallbackLng: 'en',
  resources: { en: { translation: en } },
  interpolation: { escapeValue: false },
  initAsync: false,
});

export const t = i18next.t.bind(i18next);
