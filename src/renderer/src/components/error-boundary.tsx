import { Component, type ReactNode } from 'react'
import { Failed } from './states.tsx'

interface ErrorBoundaryProps {
  /** the page that is open: another one gets its own chance */
  readonly place: string
  readonly children: ReactNode
}

interface ErrorBoundaryState {
  readonly place: string
  readonly error: unknown
}

/** A page that fails to draw does not take the window with it. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, ErrorBoundaryState> {
  override readonly state: ErrorBoundaryState = { place: this.props.place, error: null }

  static getDerivedStateFromError(error: unknown): Partial<ErrorBoundaryState> {
    return { error }
  }

  static getDerivedStateFromProps({ place }: ErrorBoundaryProps, state: ErrorBoundaryState): ErrorBoundaryState | null {
    return place === state.place ? null : { place, error: null }
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children
    return <Failed error={this.state.error} onRetry={() => this.setState({ error: null })} />
  }
}
