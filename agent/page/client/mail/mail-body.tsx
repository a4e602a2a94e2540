import { Alert, Button, Text } from '@mantine/core';
import { IconPhotoOff } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import { visible } from '../../../../shared/text/visible-text.ts';
import type { MailView } from '../../mail-api.ts';
import { blobOf } from '../client/call.ts';
import { MAIL_WORDS } from '../words/mail/mail-words.ts';
import classes from './mail.module.css';
import { safeMail } from './sanitize-mail.ts';

const words = MAIL_WORDS.reader;
const NO_PICTURES: ReadonlyMap<string, string> = new Map();
const PICTURE_TYPE = /^image\/(?:png|jpe?g|gif|webp|bmp)$/;
const MOST_PICTURES = 30;
const MOST_PICTURE_BYTES = 10_000_000;

export function MailBody({ mail }: { readonly mail: MailView }) {
  const { html, text } = mail;
  const [asText, setAsText] = useState(false);
  if (html === null || asText) {
    return (
      <>
        {html !== null && <Switch words={words.asHtml} act={() => setAsText(false)} />}
        <div className={classes.text} dir="auto">
          {visible(text)}
        </div>
      </>
    );
  }
  return (
    <>
      <Switch words={words.asText} act={() => setAsText(true)} />
      <HtmlBody mail={mail} html={html} />
    </>
  );
}

const Switch = ({ words: label, act }: { readonly words: string; readonly act: () => void }) => (
  <div className={classes.switch}>
    <Button size="compact-sm" variant="default" onClick={act}>
      {label}
    </Button>
  </div>
);

function HtmlBody({ mail, html }: { readonly mail: MailView; readonly html: string }) {
  const frame = useRef<HTMLIFrameElement>(null);
  const pictures = usePictures(mail, html);
  const { document: safe, isBlocked } = useMemo(() => safeMail(html, pictures), [html, pictures]);
  // React would turn the value of an attribute into a string, and the browser's Trusted Types refuse strings. The effect therefore sets
  // `srcdoc` itself.
  useEffect(() => {
    if (frame.current) frame.current.srcdoc = safe;
  }, [safe]);
  return (
    <>
      {isBlocked && (
        <Alert color="gray" icon={<IconPhotoOff aria-hidden />} className={classes.blocked}>
          <Text size="sm">{words.blocked}</Text>
        </Alert>
      )}
      <iframe
        ref={frame}
        title={words.text}
        className={classes.html}
        sandbox="allow-popups allow-popups-to-escape-sandbox"
        referrerPolicy="no-referrer"
      />
    </>
  );
}

/** Pictures inside the mail that its HTML text shows, as `data:` URLs by Content-ID. */
function usePictures({ id, attachments }: MailView, html: string): ReadonlyMap<string, string> {
  const { data } = useQuery({
    queryKey: ['mail-pictures', id],
    enabled: /cid:/i.test(html),
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async () => {
      const found = new Map<string, string>();
      let bytes = 0;
      for (const [index, { contentId, type, size }] of attachments.entries()) {
        if (contentId === null || !PICTURE_TYPE.test(type) || found.size >= MOST_PICTURES) continue;
        if (bytes + size > MOST_PICTURE_BYTES) continue;
        bytes += size;
        found.set(contentId, await dataUrl(await blobOf(`/mail/mails/${id}/files/${index}`), type));
      }
      return found;
    },
  });
  return data ?? NO_PICTURES;
}

async function dataUrl(blob: Blob, type: string): Promise<string> {
  return `data:${type};base64,${new Uint8Array(await blob.arrayBuffer()).toBase64()}`;
}
