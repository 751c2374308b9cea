import '../line/words';
import { IconArrowBarToDown, IconArrowBarToUp, IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useLine } from '../api/queries';
import type { Generation } from '../api/types';
import { Act } from './Act';
import type { GroupActions } from './useGroupActions';

/** What can be done with work that waits. */
export function InLine({ g, actions }: { g: Generation; actions: GroupActions }) {
  const { t } = useTranslation();
  const line = useLine().data;
  const alone = !line || line.waiting + line.kept < 2;
  return (
    <>
      {!alone && (
        <>
          <Act label={t('line.next')} onClick={() => actions.move(g, 'first')}>
            <IconArrowBarToUp size={17} stroke={1.8} aria-hidden />
          </Act>
          <Act label={t('line.later')} onClick={() => actions.move(g, '')}>
            <IconArrowBarToDown size={17} stroke={1.8} aria-hidden />
          </Act>
        </>
      )}
      <Act label={g.paused ? t('line.let_go') : t('line.keep_back')} onClick={() => actions.keepBack(g)}>
        {g.paused ? (
          <IconPlayerPlay size={17} stroke={1.8} aria-hidden />
        ) : (
          <IconPlayerPause size={17} stroke={1.8} aria-hidden />
        )}
      </Act>
    </>
  );
}
