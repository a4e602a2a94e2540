/** Asks the user for the passcode that the organization requires, above every area of the page. */
import { Button, Text, Title } from '@mantine/core';
import { IconLockPassword } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { passcodeQuery } from '../client/queries.ts';
import classes from '../orders/orders.module.css';
import { inReadersLanguage } from '../words/notice-words.ts';
import { PasscodeDialog } from './passcode-dialog.tsx';
import { PASSCODE_WORDS as words } from './passcode-words.ts';

export function PasscodeBanner() {
  const [opened, setOpened] = useState(false);
  const { data } = useQuery(passcodeQuery);
  const isMissing = data?.workspace === 'open' && data.required !== null && (!data.isSet || !data.isLongEnough);
  return (
    <>
      {isMissing && (
        <section className={classes.banner} aria-label={words.title} {...inReadersLanguage}>
          <div className={classes.head}>
            <IconLockPassword size={22} aria-hidden />
            <div className={classes.what}>
              <Title order={2} size="h5">
                {data.isSet ? words.title : words.mustSet}
              </Title>
              <Text size="sm">{data.isSet ? words.tooShort : words.why}</Text>
              <Button size="compact-sm" variant="default" mt={6} onClick={() => setOpened(true)}>
                {data.isSet ? words.change : words.set}
              </Button>
            </div>
          </div>
        </section>
      )}
      <PasscodeDialog opened={opened} close={() => setOpened(false)} />
    </>
  );
}
