import { Button, Modal } from '@mantine/core';
import { useState } from 'react';
import { ReassignForm } from '../devices/reassign/reassign-form.tsx';

/** Button and dialog that give many devices to new owners by a list. */
export function ReassignButton() {
  const [opened, setOpened] = useState(false);
  const close = () => setOpened(false);
  return (
    <>
      <Button variant="default" size="xs" onClick={() => setOpened(true)}>
        Reassign devices…
      </Button>
      <Modal opened={opened} onClose={close} title="Reassign devices" size="xl" closeOnClickOutside={false}>
        <ReassignForm selection={null} close={close} />
      </Modal>
    </>
  );
}
