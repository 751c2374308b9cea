import './words';
import type { ReactNode } from 'react';
import { useEffect } from 'react';
import { Mark } from '../shell/Mark';
import { usePageTitle } from '../shell/title';
import classes from './account.module.css';
import { Scene } from './Scene';

interface Props {
  title: string;
  text: string;
  children: ReactNode;
  footer?: ReactNode;
}

/** The frame of the pages in front of the studio. */
export function Door({ title, text, children, footer }: Props) {
  usePageTitle(title);
  useEffect(() => {
    document.title = `${title} · Bottega`;
  }, [title]);
  return (
    <div className={classes.door}>
      <main className={classes.side}>
        <div className={classes.brand}>
          <Mark size={36} />
          <span>Bottega</span>
        </div>
        <div className={classes.card}>
          <h1>{title}</h1>
          <p className="soft">{text}</p>
          {children}
          {footer && <div className={classes.footer}>{footer}</div>}
        </div>
      </main>
      <div className={classes.scene}>
        <Scene />
      </div>
    </div>
  );
}
