import { Page } from '../parts/page.tsx';
export function ProposePage() {
  return <Page title="Propose an order">Not built yet.</Page>;
}
export function RevisePage() {
  return <Page title="Propose an order">Not built yet.</Page>;
}
