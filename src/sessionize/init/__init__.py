"""`sessionize init`: the settings of a project, and on request a module that makes its sessions."""
