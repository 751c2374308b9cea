import './words';
import { Link, useParams } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useSession } from '../api/queries';
import { usePageTitle } from '../shell/title';
import { Accounts } from './Accounts';
import { AuditLog } from './AuditLog';
import classes from './admin.module.css';
import { Overview } from './Overview';
import { WorkPage } from './WorkPage';

const pages = { overview: Overview, work: WorkPage, accounts: Accounts, audit: AuditLog };
type Tab = keyof typeof pages;
const tabs = Object.keys(pages) as Tab[];
const isTab = (tab: string | undefined): tab is Tab => tabs.includes(tab as Tab);

/** The pages of whoever runs the studio. The server asks for the role itself; this only says so kindly. */
export function AdminPage() {
  const { t } = useTranslation();
  const { tab } = useParams({ from: '/studio/admin/{-$tab}' });
  const here = isTab(tab) ? tab : 'overview';
  const { data: session } = useSession();
  usePageTitle(t('admin.title'));
  if (session && session.account.role !== 'owner')
    return (
      <div className="page">
        <header>
          <h1>{t('admin.not_yours')}</h1>
          <p>{t('admin.not_yours_text')}</p>
        </header>
      </div>
    );
  const Page = pages[here];
  return (
    <div className={`page ${classes.wide}`}>
      <header className={classes.head}>
        <h1>{t('admin.title')}</h1>
        <nav className={classes.tabs} aria-label={t('admin.nav')}>
          {tabs.map((name) => (
            <Link
              key={name}
              to="/admin/{-$tab}"
              params={{ tab: name === 'overview' ? undefined : name }}
              search={{}}
              aria-current={name === here ? 'page' : undefined}
              data-here={name === here || undefined}
            >
              {t(`admin.tab_${name}`)}
            </Link>
          ))}
        </nav>
      </header>
      <Page />
    </div>
  );
}
