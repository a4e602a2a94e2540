import { DownloadButton } from '../parts/download-button.tsx';

export const SaveCsv = ({ path, label }: { readonly path: string; readonly label: string }) => (
  <DownloadButton size="xs" aria-label={label} path={path}>
    Download CSV
  </DownloadButton>
);
