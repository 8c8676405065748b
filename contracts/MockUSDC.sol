// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title A stand-in for USDC on chains where there is none.
/// @notice An ERC-20 with 6 decimals whose owner mints and, as Circle can, stops all of it or blocks an address.
/// @dev Names and reasons are those of USDC's own contract. Approvals are never refused here.
contract MockUSDC is ERC20, Ownable {
    /// @notice Whether nothing moves.
    bool public paused;

    /// @notice Whether an address may neither pay nor be paid.
    mapping(address account => bool) public isBlacklisted;

    constructor() ERC20("USD Coin", "USDC") Ownable(msg.sender) {}

    /// @notice Create `amount` (6 decimals) for `to`.
    function mint(address to, uint256 amount) external onlyOwner {
        _mint(to, amount);
    }

    /// @notice Stop all transfers.
    function pause() external onlyOwner {
        paused = true;
    }

    /// @notice Resume.
    function unpause() external onlyOwner {
        paused = false;
    }

    /// @notice Refuse all transfers from and to `account`.
    function blacklist(address account) external onlyOwner {
        isBlacklisted[account] = true;
    }

    /// @notice Let `account` pay and be paid again.
    function unBlacklist(address account) external onlyOwner {
        isBlacklisted[account] = false;
    }

    /// @inheritdoc ERC20
    function decimals() public pure override returns (uint8) {
        return 6;
    }

    /// @dev All that moves, or comes to be, comes through here.
    function _update(address from, address to, uint256 amount) internal override {
        require(!paused, "Pausable: paused");
        require(!isBlacklisted[from] && !isBlacklisted[to], "Blacklistable: account is blacklisted");
        super._update(from, to, amount);
    }
}
