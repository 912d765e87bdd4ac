package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"rcu/pkg/embedded"
)

// listens is what opens a port: a service, or the operator's page.
type listens interface {
	Listen(ctx context.Context) error
	Addr() string
}

// listen opens the port of a service, and notes its address for who started it.
func (d *deps) listen(ctx context.Context, name string, s listens) error {
	if err := s.Listen(ctx); err != nil {
		return portError(err, fmt.Sprintf("ports of the configuration file (ports: {%s: 9081})", name), "listen (RCU_LISTEN)")
	}
	d.addresses[name] = s.Addr()
	return nil
}

// listenAdmin opens the operator's page.
func (d *deps) listenAdmin(ctx context.Context, s listens) error {
	const setting = "admin (RCU_ADMIN, --set admin=127.0.0.1:9465)"
	if err := s.Listen(ctx); err != nil {
		return portError(err, setting, setting)
	}
	d.addresses["admin"] = s.Addr()
	return nil
}

// portError names the setting of a port, or of an address, that cannot be listened on, and what to do.
func portError(err error, port, address string) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%w: end the program that has this port, or choose another one by %s", err, port)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%w: ports below 1024 are the system's: choose another one by %s", err, port)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("%w: this machine has no such address: choose another one by %s", err, address)
	}
	return err
}

// embeddedError names the setting of the port of a server that cannot be started because another program has it.
func embeddedError(err error, server string) error {
	if !errors.Is(err, embedded.ErrTaken) {
		return err
	}
	return fmt.Errorf("%w: end it, choose another port by embedded.%s_port (RCU_EMBEDDED_%s_PORT; 0 takes a free one), or name a server that is there (--%s)",
		err, server, strings.ToUpper(server), server)
}
