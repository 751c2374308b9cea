import { Popover, Skeleton, UnstyledButton } from '@mantine/core';
import { IconChevronDown } from '@tabler/icons-react';
import { type ReactNode, Suspense, useState } from 'react';
import classes from './create.module.css';

interface Props {
  name: string;
  icon: ReactNode;
  label: ReactNode;
  width: number;
  /** Something is wrong inside. */
  fault?: boolean;
  /** Differs from the model's default. */
  touched?: boolean;
  children: ReactNode | ((close: () => void) => ReactNode);
}

/** A setting as a chip that opens its controls below. */
export function SettingChip({ name, icon, label, width, fault, touched, children }: Props) {
  const [opened, setOpened] = useState(false);
  return (
    <Popover
      opened={opened}
      onChange={setOpened}
      width={width}
      position="bottom-start"
      trapFocus
      returnFocus
      offset={8}
    >
      <Popover.Target>
        <UnstyledButton
          className={classes.chip}
          onClick={() => setOpened((o) => !o)}
          data-fault={fault || undefined}
          data-touched={touched || undefined}
          data-open={opened || undefined}
        >
          {icon}
          <span className={classes.hidden}>{name}: </span>
          <span className={classes.chipLabel}>{label}</span>
          <IconChevronDown size={14} stroke={2} aria-hidden className={classes.chevron} />
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown aria-label={name} className={classes.dropdown}>
        <Suspense fallback={<Skeleton height={120} radius={12} />}>
          {typeof children === 'function' ? children(() => setOpened(false)) : children}
        </Suspense>
      </Popover.Dropdown>
    </Popover>
  );
}
