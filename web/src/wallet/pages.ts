// The pages about tokens and money come together: they share most of their parts.
export { Unsubscribe } from '../alerts/Unsubscribe';
export { InvoicesPage } from '../invoices/InvoicesPage';
export { KeysPage } from '../keys/KeysPage';
export { PacksPage } from '../packs/PacksPage';
export { PlansPage } from '../plans/PlansPage';
export { TeamPlanPage } from '../team/TeamPlanPage';
export { WalletPage } from './WalletPage';
