import './menuWords';
import { Menu, type MenuProps, UnstyledButton, useMantineColorScheme } from '@mantine/core';
import { IconGauge, IconKeyboard, IconLogout, IconUser } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api } from '../api/client';
import { useSession } from '../api/queries';
import { PayerItems } from '../team/PayerItems';
import { type Scheme, schemeIcons, schemes } from './SchemeToggle';
import classes from './shell.module.css';

interface Props {
  position: MenuProps['position'];
  /** With a word under the icon, and with what the rail has elsewhere: phones. */
  labelled?: boolean;
  onHelp?: () => void;
}

export function AccountMenu({ position, labelled, onHelp }: Props) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const { data } = useSession();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const leave = useMutation({
    mutationFn: api.signOut,
    onSettled: async () => {
      await navigate({ to: '/signin', search: {} });
      client.clear();
    },
  });
  if (!data) return null;
  const { email, plan_title, role } = data.account;
  return (
    <Menu position={position} width={248}>
      <Menu.Target>
        <UnstyledButton
          className={labelled ? classes.place : classes.tool}
          aria-label={
            labelled ? `${t('shell.more')}: ${t('shell.account', { email })}` : t('shell.account', { email })
          }
          data-testid={labelled ? 'account-phone' : 'account'}
        >
          {labelled ? (
            <>
              <IconUser size={22} stroke={1.7} aria-hidden />
              <span>{t('shell.more')}</span>
            </>
          ) : (
            <span className={classes.avatar} aria-hidden>
              {email.slice(0, 1).toUpperCase()}
            </span>
          )}
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <div className={classes.who}>
          <strong>{email}</strong>
          <span className="soft">
            {t('shell.plan', { plan: plan_title })}
            {role === 'owner' && ` · ${t('shell.owner')}`}
          </span>
        </div>
        {labelled && (
          <>
            <Menu.Divider />
            {schemes.map((scheme: Scheme) => {
              const Icon = schemeIcons[scheme];
              return (
                <Menu.Item
                  key={scheme}
                  leftSection={<Icon size={17} aria-hidden />}
                  aria-current={scheme === colorScheme}
                  onClick={() => setColorScheme(scheme)}
                  fw={scheme === colorScheme ? 650 : undefined}
                >
                  {t(`shell.scheme_${scheme}`)}
                </Menu.Item>
              );
            })}
            <Menu.Item leftSection={<IconKeyboard size={17} aria-hidden />} onClick={onHelp}>
              {t('shell.shortcuts')}
            </Menu.Item>
          </>
        )}
        <PayerItems />
        {role === 'owner' && (
          <>
            <Menu.Divider />
            <Menu.Item
              leftSection={<IconGauge size={17} aria-hidden />}
              onClick={() => void navigate({ to: '/admin/{-$tab}', params: {}, search: {} })}
            >
              {t('shell.admin')}
            </Menu.Item>
          </>
        )}
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={17} aria-hidden />} onClick={() => leave.mutate()}>
          {t('shell.sign_out')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
