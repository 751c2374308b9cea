import '../create/words';
import { Tooltip } from '@mantine/core';
import { IconExternalLink } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { isFinal } from '../api/patch';
import { queries, useModels } from '../api/queries';
import type { Generation, Input, Picture, Source } from '../api/types';
import type { Reuse } from '../create/draft';
import { WITHOUT_REFERENCE } from '../create/draft';
import { dayTime } from '../format/time';
import { useTokens } from '../format/useTokens';
import classes from './picture.module.css';

interface Props {
  g: Generation;
  picture: Picture | undefined;
  onReuse: (what: Reuse) => void;
}

/** How the picture was made; a click on a value takes it over. */
export function RecipePanel({ g, picture, onReuse }: Props) {
  const { t } = useTranslation();
  const worded = useTokens();
  const models = useModels().data;
  const style =
    models?.find((m) => m.name === g.model)?.styles.find((s) => s.id === g.style)?.title ?? g.style;
  const rows: [Reuse, string, string][] = [
    ['style', t('create.style'), style],
    ['width', t('create.size'), `${g.width} × ${g.height}`],
    ['seed', t('create.seed'), String(picture?.seed ?? g.seed)],
    ['steps', t('create.steps'), String(g.steps)],
    ['guidance', t('create.guidance'), String(g.guidance_scale)],
    [
      'adherence',
      t('create.adherence'),
      g.adherence === WITHOUT_REFERENCE ? t('create.text_only') : `${Math.round(g.adherence * 100)} %`,
    ],
    [
      'transparent',
      t('create.ground'),
      t(g.transparent ? 'create.ground_transparent' : 'create.ground_painted'),
    ],
    ...(g.shown.background
      ? ([['background', t('create.background'), g.shown.background]] as [Reuse, string, string][])
      : []),
    ...(g.shown.tile ? ([['tile', t('create.tile'), t('picture.yes')]] as [Reuse, string, string][]) : []),
    ...(g.negative_prompt
      ? ([['negative', t('create.negative'), g.negative_prompt]] as [Reuse, string, string][])
      : []),
  ];
  const recipe = picture?.recipe;
  return (
    <>
      <section className={classes.section}>
        <header>
          <h2>{t('picture.recipe')}</h2>
          <div className={classes.reuse}>
            {(['prompt', 'seed', 'all'] as const).map((what) => (
              <button key={what} type="button" className="unset link" onClick={() => onReuse(what)}>
                {t(`picture.use_${what}`)}
              </button>
            ))}
          </div>
        </header>
        <dl className={classes.values}>
          {rows.map(([what, name, value]) => (
            <div key={what}>
              <dt>{name}</dt>
              <dd>
                <Tooltip label={t('picture.click_to_use')}>
                  <button type="button" className={`unset ${classes.value}`} onClick={() => onReuse(what)}>
                    {value}
                  </button>
                </Tooltip>
              </dd>
            </div>
          ))}
          <div>
            <dt>{t('create.model')}</dt>
            <dd>
              {g.model_title} <small>{recipe?.model_version.replace(/^.*@/, '')}</small>
            </dd>
          </div>
          <div>
            <dt>{t('picture.made')}</dt>
            <dd>{dayTime(g.finished_at ?? g.created_at)}</dd>
          </div>
          <div>
            <dt>{t('picture.price')}</dt>
            <dd data-testid="charged" data-mt={g.charged_mt}>
              {g.state === 'complete'
                ? t('picture.charged', { price: worded(g.charged_mt), count: g.count })
                : !isFinal(g)
                  ? t('gallery.held', { price: worded(g.price_mt) })
                  : g.charged_mt > 0
                    ? t('gallery.charged_part', { price: worded(g.charged_mt) })
                    : t('gallery.nothing_charged')}
            </dd>
          </div>
        </dl>
      </section>
      {recipe && (recipe.notes?.length ?? 0) > 0 && (
        <section className={classes.section}>
          <h2>{t('picture.notes')}</h2>
          <ul className={classes.notes}>
            {recipe.notes?.map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        </section>
      )}
      {recipe && (recipe.inputs?.length ?? 0) > 0 && (
        <section className={classes.section}>
          <h2>{t('picture.inputs')}</h2>
          <Inputs inputs={recipe.inputs ?? []} />
        </section>
      )}
      {recipe && (
        <section className={classes.section}>
          <h2>{t('picture.sources')}</h2>
          <Sources sources={recipe.sources ?? []} />
        </section>
      )}
    </>
  );
}

/** The pictures it was made from, as far as they are still there. */
function Inputs({ inputs }: { inputs: Input[] }) {
  const { t } = useTranslation();
  return (
    <ul className={classes.inputs} data-testid="inputs">
      {inputs.map((input, i) => (
        <InputRow
          // biome-ignore lint/suspicious/noArrayIndexKey: the same picture may serve twice
          key={i}
          input={input}
          role={t(`pictures.role_${input.role === 'init' ? 'start' : input.role}`)}
        />
      ))}
    </ul>
  );
}

function InputRow({ input, role }: { input: Input; role: string }) {
  const { t } = useTranslation();
  const { data, isError } = useQuery(queries.picture(input.id));
  return (
    <li>
      {data ? (
        <img src={data.thumb_url} alt="" className={data.has_alpha ? 'checker' : undefined} />
      ) : (
        <span />
      )}
      <span>
        {role}
        <small>
          {isError ? t('pictures.gone') : input.strength > 0 ? `${Math.round(input.strength * 100)} %` : ''}
        </small>
      </span>
    </li>
  );
}

/** Only addresses of the web become links. */
const linkable = (url: string) => /^https?:\/\//.test(url);

function Sources({ sources }: { sources: Source[] }) {
  const { t } = useTranslation();
  if (sources.length === 0) return <p className={classes.note}>{t('picture.no_sources')}</p>;
  return (
    <>
      <p className={classes.note}>{t('picture.sources_text')}</p>
      <ul className={classes.sources}>
        {sources.map((s) => (
          <li key={s.id}>
            <span>
              {linkable(s.url) ? (
                <a href={s.url} target="_blank" rel="noreferrer" className="link">
                  {s.title}
                  <IconExternalLink size={13} stroke={1.9} aria-label={t('common.new_tab')} />
                </a>
              ) : (
                s.title
              )}
              <small>{[s.author, s.origin].filter(Boolean).join(' · ')}</small>
            </span>
            <span className={classes.licence}>{s.licence}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
