// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRecordExchange} from "./IRecordExchange.sol";

/// @title Root of the sealed sharing table
/// @notice Compare and swap: whoever changes the table names the root it started from.
interface IRecordLocator {
    /// @notice The table changed, or was sealed unchanged.
    /// @param prevRoot Root before.
    /// @param newRoot Root after.
    /// @param term Of the consensus node that did it.
    event LocatorUpdated(bytes32 prevRoot, bytes32 newRoot, uint32 term);

    /// @notice The table is not what the caller thinks.
    /// @param prevRoot What the caller started from.
    /// @param present What it is.
    error RootMoved(bytes32 prevRoot, bytes32 present);

    /// @notice A table once filled is never empty again.
    /// @param prevRoot Root it would replace.
    error TableEmptied(bytes32 prevRoot);

    /// @notice Swaps the root. By the active consensus node, or by the exchange in a seal.
    /// @param prevRoot The stored root.
    /// @param newRoot Its successor; zero only while nothing was ever sealed.
    /// @param term The present term.
    function update(bytes32 prevRoot, bytes32 newRoot, uint32 term) external;

    /// @notice The exchange that made this locator.
    function exchange() external view returns (IRecordExchange);

    /// @notice Root of the sparse Merkle tree of the sharing table; zero before the first entry.
    function root() external view returns (bytes32);
}
