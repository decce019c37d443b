// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

// OpenZeppelin's AccessManager with the consortium as its only administrator from the first block on.
contract NetworkAccess is AccessManager {
    constructor(address consortium) AccessManager(consortium) {}
}
