import { Page } from "@/components/Page";
import { useTitle } from "@/hooks/useTitle";

export function Dashboard() {
  useTitle("Dashboard");
  return <Page title="Dashboard">{null}</Page>;
}
