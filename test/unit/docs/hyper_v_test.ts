/**
 * docs/HYPER-V.md names every cmdlet of Hyper-V Replica, every parameter of it that says something of replication, and
 * every method of its WMI service: who comes from there finds the verb, or why there is none.
 *
 * @module
 */

import { deepEqual } from "node:assert/strict";

const CMDLETS: Readonly<Record<string, string>> = {
  "Enable-VMReplication":
    "ReplicaServerName ReplicaServerPort AuthenticationType CertificateThumbprint CompressionEnabled " +
    "ReplicateHostKvpItems BypassProxyServer EnableWriteOrderPreservationAcrossDisks VSSSnapshotFrequencyHour " +
    "RecoveryHistory ReplicationFrequencySec ExcludedVhd ExcludedVhdPath AutoResynchronizeEnabled " +
    "AutoResynchronizeIntervalStart AutoResynchronizeIntervalEnd AsReplica AllowedPrimaryServer",
  "Set-VMReplication":
    "ReplicatedDisks ReplicatedDiskPaths Reverse UseBackup InitialReplicationStartTime " +
    "DisableVSSSnapshotReplication AsReplica AllowedPrimaryServer",
  "Start-VMInitialReplication": "InitialReplicationStartTime DestinationPath UseBackup",
  "Stop-VMInitialReplication": "",
  "Import-VMInitialReplication": "Path",
  "Get-VMReplication":
    "ReplicaServerName PrimaryServerName ReplicationState ReplicationHealth ReplicationMode " +
    "ReplicationRelationshipType TrustGroup",
  "Measure-VMReplication":
    "ReplicaServerName PrimaryServerName ReplicationState ReplicationHealth ReplicationMode " +
    "ReplicationRelationshipType TrustGroup",
  "Reset-VMReplicationStatistics": "ReplicationRelationshipType",
  "Suspend-VMReplication": "ReplicationRelationshipType",
  "Resume-VMReplication":
    "Resynchronize ResynchronizeStartTime Continue ReplicationRelationshipType",
  "Remove-VMReplication": "ReplicationRelationshipType",
  "Start-VMFailover": "Prepare AsTest VMRecoverySnapshot",
  "Stop-VMFailover": "",
  "Complete-VMFailover": "",
  "Get-VMSnapshot": "SnapshotType",
  "Set-VMReplicationServer":
    "ReplicationEnabled AllowedAuthenticationType ReplicationAllowedFromAnyServer DefaultStorageLocation " +
    "CertificateThumbprint KerberosAuthenticationPort CertificateAuthenticationPort " +
    "KerberosAuthenticationPortMapping CertificateAuthenticationPortMapping MonitoringInterval " +
    "MonitoringStartTime Force",
  "Get-VMReplicationServer": "",
  "New-VMReplicationAuthorizationEntry": "AllowedPrimaryServer ReplicaStorageLocation TrustGroup",
  "Set-VMReplicationAuthorizationEntry":
    "AllowedPrimaryServer VMReplicationAuthorizationEntry ReplicaStorageLocation TrustGroup",
  "Remove-VMReplicationAuthorizationEntry":
    "AllowedPrimaryServer VMReplicationAuthorizationEntry TrustGroup",
  "Get-VMReplicationAuthorizationEntry": "",
  "Test-VMReplicationConnection":
    "ReplicaServerName ReplicaServerPort AuthenticationType CertificateThumbprint BypassProxyServer",
  "Set-VMNetworkAdapterFailoverConfiguration":
    "IPv4Address IPv4SubnetMask IPv4DefaultGateway IPv4PreferredDNSServer IPv4AlternateDNSServer " +
    "ClearFailoverIPv4Settings IPv6Address IPv6SubnetPrefixLength IPv6DefaultGateway " +
    "IPv6PreferredDNSServer IPv6AlternateDNSServer ClearFailoverIPv6Settings",
  "Get-VMNetworkAdapterFailoverConfiguration": "",
  "Set-VMNetworkAdapter": "TestReplicaSwitchName",
  "Resize-VHD": "",
};
/** Of nearly every cmdlet. */
const EVERYWHERE =
  "ComputerName CimSession Credential AsJob Passthru WhatIf Confirm VMName VM VMReplication";
const METHODS =
  "AddAuthorizationEntry ChangeReplicationModeToPrimary CommitFailover CreateReplicationRelationship " +
  "GetReplicationStatistics GetReplicationStatisticsEx GetSystemCertificates ImportInitialReplica InitiateFailback " +
  "InitiateFailover ModifyAuthorizationEntry ModifyReplicationSettings ModifyServiceSettings " +
  "RemoveAuthorizationEntry RemoveReplicationRelationship RemoveReplicationRelationshipEx RequestStateChange " +
  "ResetReplicationStatistics ResetReplicationStatisticsEx Resynchronize ReverseReplicationRelationship " +
  "RevertFailover SetAuthorizationEntry SetFailoverNetworkAdapterSettings StartReplication StartService StopService " +
  "TestReplicaSystem TestReplicationConnection";

const PAGE = Deno.readTextFileSync(new URL("../../../docs/HYPER-V.md", import.meta.url));
const words = (text: string) => text.split(" ").filter((word) => word !== "");

/** What stands in code in a text, word by word. */
function code(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].flatMap(([, inner]) => (inner as string).split(/[ ,]+/));
}

/** The first cells of the tables under a heading. */
function firstCells(page: string, heading: string): string[] {
  const body = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
  return body.split("\n").filter((line) => line.startsWith("| "))
    .map((line) => line.split(" | ")[0] as string);
}

/** The parameters in the rows of each cmdlet: its own, and those below it up to the next cmdlet. */
function parametersByCmdlet(page: string): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  let cmdlet = "";
  for (
    const heading of [
      "Relationship",
      "Initial replication",
      "Recovery points and failover",
      "Server",
    ]
  ) {
    for (const cell of firstCells(page, heading)) {
      const first = /^\| `([^` ]+)/.exec(cell)?.[1];
      // What begins with neither a cmdlet nor a parameter of one belongs to none.
      if (first?.startsWith("-") !== true) cmdlet = first ?? "";
      const known = found.get(cmdlet) ?? new Set<string>();
      found.set(cmdlet, known);
      for (const word of code(cell)) if (word.startsWith("-")) known.add(word.slice(1));
    }
  }
  return found;
}

/** What the page does not name where it belongs. */
function missingParameters(page: string): string[] {
  const found = parametersByCmdlet(page);
  const everywhere = new Set(
    firstCells(page, "What is the same everywhere, and what is not").flatMap(code),
  );
  return Object.entries(CMDLETS).flatMap(([cmdlet, parameters]) => {
    const own = found.get(cmdlet);
    if (own === undefined) return [cmdlet];
    const missing = words(parameters)
      .filter((name) => !own.has(name) && !everywhere.has(`-${name}`));
    return missing.map((name) => `${cmdlet} -${name}`);
  });
}

Deno.test("every cmdlet of Hyper-V Replica has its row, with each of its parameters below it", () => {
  deepEqual(missingParameters(PAGE), []);
  const everywhere = firstCells(PAGE, "What is the same everywhere, and what is not").flatMap(code);
  deepEqual(words(EVERYWHERE).filter((name) => !everywhere.includes(`-${name}`)), []);
});

Deno.test("a parameter that stands with another cmdlet alone is missed", () => {
  const without = PAGE.replace(/^\| `-AsReplica`.*\n/gm, "");
  deepEqual(missingParameters(without), [
    "Enable-VMReplication -AsReplica",
    "Enable-VMReplication -AllowedPrimaryServer",
    "Set-VMReplication -AsReplica",
    "Set-VMReplication -AllowedPrimaryServer",
  ]);
});

Deno.test("no cmdlet is told to have a parameter that it has not", () => {
  const strange = [...parametersByCmdlet(PAGE)].flatMap(([cmdlet, told]) => {
    const own = words(CMDLETS[cmdlet] ?? "");
    return [...told].filter((name) => cmdlet !== "" && cmdlet in CMDLETS && !own.includes(name))
      .map((name) => `${cmdlet} -${name}`);
  });
  deepEqual(strange, []);
});

Deno.test("every method of the WMI service stands in the page", () => {
  const named = new Set(code(PAGE));
  deepEqual(words(METHODS).filter((name) => !named.has(name)), []);
});
